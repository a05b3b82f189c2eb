import type { EngineFactory } from './engine.js';
import { EngineProcess } from './engine-process.js';

/** The real engine: a child process with the native addon. */
export const startEngine: EngineFactory = (options, events) => EngineProcess.start(options, events);
