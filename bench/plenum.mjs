// The package by its own name, for the folder beside, whose package.json has another one.
export { SessionGroup } from 'mcp-plenum';
