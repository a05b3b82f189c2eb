import { describeArchitecture } from './checkpoints.js';

describeArchitecture('gpt2');
