// The program that the official conformance suite judges: `node client.mjs <server-url>`. It uses Plenum as any
// program would. The suite names the scenario, and hands over what it needs, in environment variables.
import { waitForTurn } from './turn.mjs';

const { MCP_CONFORMANCE_SCENARIO: name, MCP_CONFORMANCE_CONTEXT: context = '{}', TURNS_PORT } = process.env;
await waitForTurn(TURNS_PORT);

const { coreScenarios } = await import('./core-scenarios.mjs');
const { authScenarios } = await import('./auth-scenarios.mjs');
const { skillScenarios } = await import('./skill-scenarios.mjs');
const scenarios = { ...coreScenarios, ...authScenarios, ...skillScenarios };

const run = scenarios[name];
if (run === undefined)
  throw new Error(`Unknown scenario "${name}". Known: ${Object.keys(scenarios).join(', ')}.`);

// Each throws unless Plenum did what it should, also where that is to refuse.
await run({ url: process.argv[2], context: JSON.parse(context) });
console.log('as expected');
