import { openSession } from 'mcp-plenum';

/** Opens a session on the suite's server, works with it, and closes it whatever happens. */
export async function inSession(target, options, work) {
  const session = await openSession(target, options);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** Lets the failures through that are wanted, by their code. */
export function expectCode(...codes) {
  return (error) => {
    if (!codes.includes(error?.code)) throw error;
    return error;
  };
}
