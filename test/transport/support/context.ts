import type { PlenumError } from '../../../src/errors/plenum-error.ts';
import type { TransportContext, TransportMemory } from '../../../src/transport/managed-transport.ts';

export interface RecordingContext extends TransportContext {
  readonly problems: PlenumError[];
  readonly suspicions: Error[];
  readonly memory: TransportMemory;
}

/** A transport's context that keeps what it is told. */
export function recordingContext(memory: TransportMemory = {}): RecordingContext {
  const problems: PlenumError[] = [];
  const suspicions: Error[] = [];
  return {
    server: 'tested',
    problems,
    suspicions,
    memory,
    onProblem: (error) => problems.push(error),
    onSuspect: (error) => suspicions.push(error),
  };
}
