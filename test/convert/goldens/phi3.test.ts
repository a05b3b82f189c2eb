import { describeArchitecture } from './checkpoints.js';

describeArchitecture('phi3');
