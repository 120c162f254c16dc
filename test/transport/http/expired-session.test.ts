import { describe, expect, it } from 'vitest';
import { expiredSession } from '../../../src/transport/http/expired-session.ts';

describe('an answer to a request in a session', () => {
  it('with HTTP 404 says that the server no longer knows the session', () => {
    expect(expiredSession(404, 'files')).toMatchObject({
      what: 'does not know this session any more (HTTP 404)',
      sessionExpired: true,
      error: { code: 'SESSION_EXPIRED', server: 'files', maybeExecuted: false },
    });
  });

  it.each([200, 202, 400, 401, 403, 405, 410, 500, 503])('with HTTP %i does not', (status) => {
    expect(expiredSession(status, 'files')).toBeUndefined();
  });
});
