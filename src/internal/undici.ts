import { Client } from '#undici';

/**
 * Whether undici opens sockets of its own. Where it does not, the runtime has put its own `fetch` in undici's place, as
 * Bun does, and everything has to go through that.
 */
export const hasOwnSockets = 'dispatch' in Client.prototype;
