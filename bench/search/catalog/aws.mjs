import { tool } from './define.mjs';

const region = { region: 'AWS region' };
const object = { 'bucket!': 'Bucket', 'key!': 'Key of the object' };

export default [
  tool('S3ListBuckets', 'List all S3 buckets of the account.', region),
  tool('S3CreateBucket', 'Create an S3 bucket.', { 'bucket!': 'Name', ...region }),
  tool('S3ListObjects', 'List objects in an S3 bucket by prefix.', {
    'bucket!': 'Bucket',
    prefix: 'Prefix',
    'maxKeys#': 'How many',
  }),
  tool('S3GetObject', 'Download an object from an S3 bucket.', object),
  tool('S3PutObject', 'Upload an object to an S3 bucket.', {
    ...object,
    'body!': 'Content',
    contentType: 'MIME type',
  }),
  tool('S3DeleteObject', 'Delete an object from an S3 bucket.', object),
  tool('S3PresignUrl', 'Create a temporary presigned URL for an S3 object.', {
    ...object,
    'expiresSeconds#': 'For how long',
  }),
  tool('EC2DescribeInstances', 'List EC2 instances (virtual machines) with state, type and addresses.', {
    ...region,
    'instanceIds[]': 'Only these',
    'filters{}': 'Filters',
  }),
  tool('EC2StartInstances', 'Start stopped EC2 instances.', { 'instanceIds[]!': 'Instances', ...region }),
  tool('EC2StopInstances', 'Stop running EC2 instances.', { 'instanceIds[]!': 'Instances', ...region }),
  tool('EC2RebootInstances', 'Reboot EC2 instances.', { 'instanceIds[]!': 'Instances', ...region }),
  tool('EC2AuthorizeIngress', 'Open a port in a security group (firewall rule).', {
    'groupId!': 'Security group',
    'port!#': 'Port',
    protocol: 'tcp or udp',
    'cidr!': 'Addresses that may connect',
  }),
  tool('LambdaListFunctions', 'List Lambda functions.', region),
  tool('LambdaInvoke', 'Invoke a Lambda function.', {
    'functionName!': 'Function',
    'payload{}': 'Event',
    ...region,
  }),
  tool('LambdaUpdateCode', 'Deploy new code to a Lambda function.', {
    'functionName!': 'Function',
    'zipFile!': 'ZIP archive',
    ...region,
  }),
  tool('CloudWatchGetMetrics', 'Get statistics of a CloudWatch metric over time.', {
    'namespace!': 'Namespace',
    'metricName!': 'Metric',
    'dimensions{}': 'Dimensions',
    period: 'Period',
    statistic: 'Average, Sum, p99, …',
  }),
  tool('CloudWatchQueryLogs', 'Run a CloudWatch Logs Insights query over log groups.', {
    'logGroups[]!': 'Log groups',
    'query!': 'Query',
    startTime: 'From',
    endTime: 'To',
  }),
  tool('CloudWatchListAlarms', 'List CloudWatch alarms and their state.', {
    state: 'OK, ALARM or INSUFFICIENT_DATA',
  }),
  tool('RDSDescribeInstances', 'List RDS database instances with engine, size and status.', region),
  tool('RDSCreateSnapshot', 'Create a snapshot (backup) of an RDS database.', {
    'instanceId!': 'Database',
    'snapshotId!': 'Name of the snapshot',
  }),
  tool('DynamoDBQuery', 'Query items of a DynamoDB table by key.', {
    'tableName!': 'Table',
    'keyCondition!': 'Key condition',
    'values{}!': 'Values',
  }),
  tool('SQSSendMessage', 'Send a message to an SQS queue.', { 'queueUrl!': 'Queue', 'messageBody!': 'Body' }),
  tool('IAMListUsers', 'List IAM users with their groups and last activity.'),
  tool('SecretsManagerGetSecret', 'Retrieve the value of a secret from Secrets Manager.', {
    'secretId!': 'Secret',
  }),
  tool(
    'CostExplorerGetCosts',
    'Get costs and usage by service, account or tag over a time span: what the bill is made of.',
    {
      'start!': 'First day',
      'end!': 'Last day',
      granularity: 'DAILY or MONTHLY',
      groupBy: 'SERVICE, ACCOUNT or a tag',
    },
  ),
];
