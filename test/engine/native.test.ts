import { EngineProcess } from '../../src/engine/engine-process.js';
import { describeEngine } from './conformance.js';
import { shippedEngineOptions } from './shipped-model.js';

for (const kvLayout of ['split', 'unified'] as const) {
  describeEngine(`engine process, ${kvLayout} KV cache`, {
    make: () => EngineProcess.start(shippedEngineOptions({ kvLayout })),
    longLength: 400,
  });
}
