import { describeArchitecture } from './checkpoints.js';

describeArchitecture('gemma2');
