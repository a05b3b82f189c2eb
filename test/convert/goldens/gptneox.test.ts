import { describeArchitecture } from './checkpoints.js';

describeArchitecture('gpt_neox');
