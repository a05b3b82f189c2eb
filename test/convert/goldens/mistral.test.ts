import { describeArchitecture } from './checkpoints.js';

describeArchitecture('mistral');
