import { tool } from './define.mjs';

const namespace = { namespace: 'Namespace; default if left out' };
const pod = { ...namespace, 'name!': 'Name of the pod' };
const deployment = { ...namespace, 'name!': 'Name of the deployment' };

export default [
  tool('kubectl_get', 'Get or list Kubernetes resources by type, name and label.', {
    'resourceType!': 'Such as pods, services or deployments',
    name: 'Name',
    ...namespace,
    labelSelector: 'Labels',
    output: 'json, yaml or wide',
  }),
  tool('kubectl_describe', 'Describe a Kubernetes resource in detail, with its recent events.', {
    'resourceType!': 'Type',
    'name!': 'Name',
    ...namespace,
  }),
  tool('kubectl_apply', 'Apply a YAML manifest: create or update resources.', {
    manifest: 'YAML',
    filename: 'File',
    ...namespace,
    'dryRun?': 'Only check',
  }),
  tool('kubectl_delete', 'Delete Kubernetes resources by name, label or manifest.', {
    'resourceType!': 'Type',
    name: 'Name',
    labelSelector: 'Labels',
    ...namespace,
    'force?': 'At once',
  }),
  tool('list_pods', 'List pods with status, restarts, age and node.', {
    ...namespace,
    labelSelector: 'Labels',
    'allNamespaces?': 'In all namespaces',
  }),
  tool('get_pod_logs', 'Get the logs of a pod or container.', {
    ...pod,
    container: 'Container',
    'tail#': 'Last lines',
    since: 'Such as 1h',
    'previous?': 'Of the container before it crashed',
  }),
  tool('exec_in_pod', 'Execute a command in a container of a pod.', {
    ...pod,
    'command[]!': 'Command',
    container: 'Container',
  }),
  tool('delete_pod', 'Delete a pod, so that its controller starts a new one.', pod),
  tool('get_pod_metrics', 'Get CPU and memory usage of pods (kubectl top).', {
    ...namespace,
    sortBy: 'cpu or memory',
  }),
  tool('list_deployments', 'List deployments with ready and desired replicas.', namespace),
  tool('scale_deployment', 'Scale a deployment to a number of replicas.', {
    ...deployment,
    'replicas!#': 'How many',
  }),
  tool('rollout_restart', 'Restart a deployment by rolling its pods.', deployment),
  tool('rollout_status', 'Show the progress of a rollout.', deployment),
  tool('rollout_undo', 'Roll a deployment back to an earlier revision.', {
    ...deployment,
    'revision#': 'Which; the one before if left out',
  }),
  tool('set_image', 'Update the container image of a deployment.', {
    ...deployment,
    'container!': 'Container',
    'image!': 'New image',
  }),
  tool('create_namespace', 'Create a namespace.', { 'name!': 'Name' }),
  tool('list_namespaces', 'List the namespaces of the cluster.'),
  tool('list_events', 'List cluster events, such as failed scheduling or image pulls, newest first.', {
    ...namespace,
    'warningsOnly?': 'Only warnings',
  }),
  tool('list_nodes', 'List the nodes of the cluster with capacity and conditions.'),
  tool('drain_node', 'Drain a node: evict its pods and mark it unschedulable.', {
    'name!': 'Node',
    'ignoreDaemonsets?': 'Leave daemon sets',
  }),
  tool('create_configmap', 'Create or update a ConfigMap.', {
    ...namespace,
    'name!': 'Name',
    'data{}!': 'Keys and values',
  }),
  tool('create_secret', 'Create or update a Secret.', {
    ...namespace,
    'name!': 'Name',
    'data{}!': 'Keys and values',
  }),
  tool('port_forward', 'Forward a local port to a pod or service.', {
    ...namespace,
    'resource!': 'Pod or service',
    'localPort!#': 'Local port',
    'targetPort!#': 'Port in the cluster',
  }),
  tool('helm_install', 'Install or upgrade a Helm chart.', {
    'release!': 'Release',
    'chart!': 'Chart',
    repo: 'Repository',
    ...namespace,
    'values{}': 'Values',
  }),
  tool('switch_context', 'Switch to another cluster (kubeconfig context).', { 'context!': 'Context' }),
];
