import { PlenumError } from './plenum-error.ts';

/** Something that a test asks for is not right; `what` begins the message, `problem` goes on. */
export function badTestInput(what: string, problem: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', `${what}: ${problem}.`);
}

/** A server script does not fit on a command line. */
export function scriptTooLong(length: number, limit: number): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError(
    'CONFIG_INVALID',
    `The server script is too long for a command line (${length} characters of ${limit}). ` +
      'Write it to a file as JSON, and give { scriptFile } in its place.',
  );
}

/** The program of a scripted server is missing. */
export function scriptedServerNotBuilt(file: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `The scripted server is not built: ${file} is missing. Run the build first.`;
  return new PlenumError('CONFIG_INVALID', summary);
}

/** The process of a scripted server ended; `how` says by what, `stderr` is what it wrote. */
export function scriptedServerExited(how: string, stderr: string): PlenumError<'CONNECT_FAILED'> {
  const detail = stderr.trim();
  return new PlenumError('CONNECT_FAILED', `The scripted server exited with ${how}.`, {
    ...(detail !== '' && { detail }),
  });
}

export function scriptedServerClosed(): PlenumError<'CONNECT_FAILED'> {
  return new PlenumError('CONNECT_FAILED', 'The scripted server was closed while it started.');
}

export function scriptedServerNotRunning(): PlenumError<'NOT_CONNECTED'> {
  return new PlenumError('NOT_CONNECTED', 'The scripted server does not run. Restart it first.');
}

/** A port of the loopback could not be listened on. */
export function portNotOpened(port: number, error: unknown): PlenumError {
  return PlenumError.from(error, 'CONNECT_FAILED', `Listening on port ${port} of loopback failed`);
}
