import { tool } from './define.mjs';

const table = { schema: 'Schema; public if left out', 'table!': 'Name of the table' };

export default [
  tool('query', 'Run a read-only SQL query against the PostgreSQL database.', {
    'sql!': 'The query',
    'params[]': 'Values of its parameters',
    'maxRows#': 'Most rows to return',
  }),
  tool('execute', 'Run an SQL statement that changes data: INSERT, UPDATE or DELETE.', {
    'sql!': 'The statement',
    'params[]': 'Values of its parameters',
  }),
  tool('execute_ddl', 'Run a statement that changes the schema: CREATE, ALTER or DROP.', {
    'sql!': 'The statement',
  }),
  tool('list_databases', 'List the databases of the server with their sizes.'),
  tool('list_schemas', 'List the schemas of the database.'),
  tool('list_tables', 'List the tables of a schema with their estimated number of rows.', {
    schema: 'Schema; public if left out',
  }),
  tool('describe_table', 'Show the columns, types, defaults, constraints and indexes of a table.', table),
  tool('list_views', 'List the views of a schema with their definitions.', { schema: 'Schema' }),
  tool('list_functions', 'List stored functions and procedures.', { schema: 'Schema' }),
  tool('list_triggers', 'List the triggers of a table.', table),
  tool('list_foreign_keys', 'List foreign keys: which tables refer to which.', { schema: 'Schema' }),
  tool('explain_query', 'Show the execution plan of a query, with costs, to find out why it is slow.', {
    'sql!': 'The query',
    'analyze?': 'Run it and measure',
  }),
  tool('get_slow_queries', 'List the queries that took most time, from pg_stat_statements.', {
    'limit#': 'How many',
    sortBy: 'total_time, mean_time or calls',
  }),
  tool('suggest_indexes', 'Analyze the workload and recommend indexes.', {
    'queries[]': 'Queries to optimize',
  }),
  tool('list_unused_indexes', 'List indexes that are never used.', { schema: 'Schema' }),
  tool('get_active_connections', 'List current connections and what they are running.', {
    database: 'Only of this database',
  }),
  tool('get_locks', 'Show which sessions hold locks and which are blocked by them.'),
  tool('cancel_query', 'Cancel a running query by the process id of its backend.', { 'pid!#': 'Process id' }),
  tool('get_table_size', 'Get the disk size of a table with its indexes.', table),
  tool('vacuum_table', 'Vacuum and analyze a table, to reclaim dead rows.', {
    ...table,
    'full?': 'Rewrite the whole table',
  }),
  tool(
    'get_database_health',
    'Check health: cache hit rate, bloat, replication lag, connection use, wraparound.',
  ),
  tool('list_extensions', 'List installed and available extensions.'),
  tool('list_roles', 'List roles with their privileges.'),
  tool('grant_privileges', 'Grant privileges on a table to a role.', {
    ...table,
    'role!': 'Role',
    'privileges[]!': 'SELECT, INSERT, …',
  }),
  tool('export_csv', 'Export the result of a query as a CSV file.', {
    'sql!': 'The query',
    'path!': 'File to write',
  }),
];
