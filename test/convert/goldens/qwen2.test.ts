import { describeArchitecture } from './checkpoints.js';

describeArchitecture('qwen2');
