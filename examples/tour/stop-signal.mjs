// When to stop early: on Ctrl-C, when told to end, or when it takes too long.

export function stopSignal({ afterMs, exitAfterMs }) {
  const controller = new AbortController();
  const stop = (why, exitCode) => {
    process.exitCode = exitCode;
    controller.abort(new Error(why));
  };
  // Heard every time, so that an impatient second Ctrl-C does not cut the cleaning up short.
  process.on('SIGINT', () => stop('Interrupted.', 130));
  process.on('SIGTERM', () => stop('Told to end.', 143));
  setTimeout(() => stop(`Not done after ${afterMs / 1000} s.`, 1), afterMs).unref();

  // A process ends by itself when nothing is left that keeps it running. Should something be, say so.
  setTimeout(() => {
    console.error('Something kept this process running.');
    process.exit(1);
  }, exitAfterMs).unref();
  return controller.signal;
}
