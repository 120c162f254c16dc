// The frame around the story: its parts, its end, and what becomes of a failure.
import { ProcessWatch } from './processes.mjs';
import { stopSignal } from './stop-signal.mjs';

/**
 * Runs `story`, and then everything that it left `atEnd`, the last first, whatever happened. Tells how many
 * processes are left, and sets the exit code if anything was not as it should be.
 */
export async function runTour(report, story) {
  const startedAt = performance.now();
  const processes = new ProcessWatch();
  const signal = stopSignal({ afterMs: 45_000, exitAfterMs: 55_000 });
  const endings = [];
  const atEnd = (ending) => endings.unshift(ending);

  /** One part. What fails in it is told and the story goes on, unless the tour is to stop. */
  const part = async (title, tell) => {
    signal.throwIfAborted();
    processes.look();
    report.heading(title);
    try {
      await tell();
    } catch (error) {
      signal.throwIfAborted();
      report.error(title, error);
    }
  };

  try {
    await story({ signal, part, atEnd });
  } catch (error) {
    report.line();
    report.error('The tour ended early', error);
  }

  report.heading('Closing');
  const started = processes.look();
  for (const ending of endings) {
    try {
      await ending();
    } catch (error) {
      report.error('Closing', error);
    }
  }
  const left = processes.left();
  report.check('processes', `${started} started, ${left.length} left`, left, []);

  report.summary((performance.now() - startedAt) / 1000);
  if (report.failed > 0) process.exitCode ||= 1;
}
