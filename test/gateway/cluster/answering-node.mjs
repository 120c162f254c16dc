// A node in a process of its own, which answers calls of other nodes and prints what it was called with.
import { Cluster } from '../../../dist/gateway/cluster/cluster.js';
import { resolveCluster } from '../../../dist/gateway/cluster/cluster-options.js';

const options = resolveCluster(JSON.parse(process.argv[2]));
const cluster = await Cluster.join(options, ({ code }) => console.log(`problem ${code}`), undefined);
cluster.serve({
  onTold: () => {},
  onMissed: () => {},
  answer: async ({ body }) => {
    console.log(`called ${JSON.stringify(body)}`);
    return { echo: body };
  },
});
console.log('ready');
