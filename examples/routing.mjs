// Two servers that do the same: a function chooses where to go, and goes elsewhere when one of them fails.
import { SessionManager } from 'mcp-plenum';
import { inProcess } from 'mcp-plenum/testing';

const replica = (name) =>
  inProcess({
    tools: [{ name: 'where', annotations: { readOnlyHint: true }, does: { type: 'text', text: name } }],
  });
const north = replica('north');
const south = replica('south');

let maintenance = false;
const openNorth = () => {
  if (maintenance) throw new Error('North is under maintenance.');
  return north;
};

const manager = new SessionManager({
  servers: { north: { server: openNorth }, south: { server: south } },
  retry: { attempts: 2, delayMs: 10 },
  circuit: { failures: 1, openMs: 60_000 },
});

/** The replica with the fewest leases among those whose circuit is closed. */
function leastBusy(servers) {
  const choices = [...servers].filter(([, { circuit }]) => circuit.state === 'closed');
  choices.sort(([, a], [, b]) => a.leases - b.leases);
  return choices[0][0];
}

const where = async (session) => (await session.callTool('where')).content[0].text;

console.log(`By name: ${await manager.run('south', where)}`);
console.log(`By load: ${await manager.run(leastBusy, where)}`);

maintenance = true;
await north.close();
console.log(`With one gone: ${await manager.run(leastBusy, where)}`);
console.log(`From now on: ${await manager.run(leastBusy, where)}`);
await manager.close();
