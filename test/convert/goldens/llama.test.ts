import { describeArchitecture } from './checkpoints.js';

describeArchitecture('llama');
