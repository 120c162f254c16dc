interface Fan {
  readonly callbacks: Set<() => void>;
  readonly fire: () => void;
}

const fans = new WeakMap<AbortSignal, Fan>();

/**
 * Calls `callback` when `signal` aborts. However many callbacks a signal has, it has one listener: thousands of
 * calls may share a signal, and Node takes more than a few listeners for a leak. Returns how to stop, which every
 * caller must use.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => {};
  const fan = fans.get(signal) ?? createFan(signal);
  fan.callbacks.add(callback);
  return () => {
    fan.callbacks.delete(callback);
    if (fan.callbacks.size > 0) return;
    signal.removeEventListener('abort', fan.fire);
    fans.delete(signal);
  };
}

function createFan(signal: AbortSignal): Fan {
  const callbacks = new Set<() => void>();
  const fire = (): void => {
    for (const callback of callbacks) callback();
  };
  const fan = { callbacks, fire };
  signal.addEventListener('abort', fire, { once: true });
  fans.set(signal, fan);
  return fan;
}
