import { describeEngine } from '../engine/conformance.js';
import { FakeEngine } from './engine.js';

describeEngine('fake engine', { make: () => Promise.resolve(new FakeEngine({ tokenDelayMs: 2 })) });
