// A gateway in front of one server: `node gateway.mjs <url> <legacy|modern>`, the era in which it speaks with the server.
// Prints its own URL.
import { createGateway } from '../../dist/gateway/index.js';

const [url, protocol] = process.argv.slice(2);
const gateway = await createGateway({ naming: 'bare', servers: { reference: { url, protocol } } });
const { url: own } = await gateway.listen({ port: 0 });
console.log(own);
process.once('SIGTERM', () => gateway.close());
