// Keep addresses from the model: it sees <address 1>, and when it uses that, the server it came from gets the address.
import { PlenumError, SessionGroup } from 'mcp-plenum';
import { inProcess } from 'mcp-plenum/testing';

/** An interceptor. Make one for each conversation: it remembers what it has hidden. */
function redact(label, pattern) {
  // By server: what one server said is given back to that one only, whatever a model is talked into.
  const secrets = new Map();
  const placeholder = new RegExp(`<${label} (\\d+)>`, 'g');

  return async ({ server, args }, next) => {
    const known = secrets.get(server) ?? [];
    secrets.set(server, known);
    const hide = (secret) => {
      if (!known.includes(secret)) known.push(secret);
      return `<${label} ${known.indexOf(secret) + 1}>`;
    };
    const hideAll = (text) => text?.replace(pattern, hide);
    const restore = (text) => text.replace(placeholder, (whole, number) => known[number - 1] ?? whole);
    try {
      return mapTexts(await next({ args: mapTexts(args, restore) }), hideAll);
    } catch (error) {
      if (!(error instanceof PlenumError)) throw error;
      const { message, rpcMessage } = error; // What a server refuses with reaches the model, too.
      throw error.withMessage(hideAll(message), { rpcMessage: hideAll(rpcMessage) });
    }
  };
}

/** The same value with every string in it changed: images too, which are base64, so let the pattern match no such text. */
function mapTexts(value, change) {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, change)]));
}

const customers = inProcess({
  tools: [
    { name: 'find', does: { type: 'text', text: 'Ada Lovelace, ada@example.org, mail before noon' } },
    {
      name: 'mail',
      does: [
        { type: 'text', text: 'Sent to ada@example.org.' },
        { type: 'rpcError', code: -32_000, message: 'The mailbox of ada@example.org is full.' },
      ],
    },
  ],
});
const group = await SessionGroup.connect({
  servers: { customers: { server: customers } },
  interceptors: [redact('address', /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g)],
});

const found = await group.callTool('customers__find', { name: 'Ada' });
console.log(`The model reads: ${found.content[0].text}`);

const mail = { to: '<address 1>', text: 'Dear Ada, …' };
const sent = await group.callTool('customers__mail', mail);
console.log(`The server got: ${customers.requests.at(-1).params.arguments.to}`);
console.log(`The model reads: ${sent.content[0].text}`);
await group.callTool('customers__mail', mail).catch(({ rpcMessage }) => console.log(`And: ${rpcMessage}`));
await group.close();
