import type { ModelRegistry } from '../models/registry.js';
import type { ServerApp } from './dialect.js';

/** `GET /health`: whether the default model answers. It needs no key. */
export function mountHealth(app: ServerApp, models: ModelRegistry, isClosing: () => boolean): void {
  app.get('/health', function health(context) {
    if (isClosing()) return context.json({ status: 'closing' }, 503);
    const { state, hasBeenReady } = models.status();
    if (state.name === 'failed') return context.json({ status: 'error', message: state.error.message }, 503);
    // Once ready, an unloaded default model comes back with the next request: that is no trouble to report.
    return hasBeenReady ? context.json({ status: 'ok' }) : context.json({ status: 'loading' }, 503);
  });
}
