// Ask once, answer often: what read-only tools said is remembered for a while, until their server is told to change
// something, or changes its tools.
import { SessionGroup } from 'mcp-plenum';
import { inProcess } from 'mcp-plenum/testing';

const everything = (args) => args;

/**
 * An interceptor. `keys` says by tool what of the arguments decides about the answer; by default, all of them. Make one
 * cache for each user whose answers may differ.
 */
function cacheReads({ ttlMs = 60_000, maxPerTool = 100, keys = {} } = {}) {
  // By server, then by definition: a tool that was changed has a new one, so its old answers are found no more.
  const shelves = new Map();
  const answersOf = (server, definition) => {
    const shelf = shelves.get(server) ?? new WeakMap();
    const answers = shelf.get(definition) ?? new Map();
    shelves.set(server, shelf.set(definition, answers));
    return answers;
  };

  return async ({ name, server, definition, args }, next) => {
    if (definition.annotations?.readOnlyHint !== true) {
      try {
        return await next();
      } finally {
        shelves.delete(server); // A read that is under way puts its answer on the old shelf, which nobody sees again.
      }
    }
    const keyOf = Object.hasOwn(keys, name) ? keys[name] : everything;
    const key = JSON.stringify(keyOf(args));
    const answers = answersOf(server, definition);
    const known = answers.get(key);
    if (known !== undefined && known.until > performance.now()) return known.result;

    const result = await next();
    if (result.isError) return result;
    answers.delete(key);
    answers.set(key, { result, until: performance.now() + ttlMs });
    if (answers.size > maxPerTool) answers.delete(answers.keys().next().value);
    return result;
  };
}

const readOnly = { readOnlyHint: true };
const weather = inProcess({
  tools: [
    { name: 'forecast', annotations: readOnly, does: { type: 'count' } },
    { name: 'report_rain', does: { type: 'text', text: 'Noted.' } },
  ],
});
const group = await SessionGroup.connect({
  servers: { weather: { server: weather } },
  interceptors: [cacheReads({ keys: { weather__forecast: ({ city }) => city.toLowerCase() } })],
});

const ask = async (what, city) => {
  const { content } = await group.callTool('weather__forecast', { city });
  console.log(`${what}: answer ${content[0].text}`);
};
await ask('Oslo', 'Oslo');
await ask('Oslo again, spelt otherwise', 'OSLO');
await ask('Rome', 'Rome');
await group.callTool('weather__report_rain', { city: 'Oslo' });
await ask('Oslo after a change', 'Oslo');

const forecast = { name: 'forecast', annotations: readOnly, does: { type: 'text', text: 'of the new tool' } };
weather.setTools([{ ...forecast, description: 'Ten days instead of three.' }]);
await group.refresh();
await ask('Oslo after the tool itself has changed', 'Oslo');
await group.close();
