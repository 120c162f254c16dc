// What a client of one era cannot have of a server of the other through a gateway, by scenario, with the reason. An entry
// that passes fails the run, so that the list cannot grow stale.
export const MIXED_CELLS = {
  // A client that speaks 2026-07-28, and a server that speaks an older revision.
  'modern client, legacy server': {
    'server-stateless':
      'An older server is told what its client can do when the session is opened, and answers a tool that needs more with an error result, not with -32021.',
    'input-required-result-basic-elicitation':
      'An older server asks with a request, which has no key; the gateway makes one.',
    'input-required-result-capability-check':
      'The tool reads the capabilities of its client from the request, where older revisions have none.',
  },
  'legacy client, modern server': {},
};
