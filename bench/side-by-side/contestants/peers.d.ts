// The peers have a folder of their own for their packages, which may not be installed.
declare module '@ai-sdk/mcp';
declare module '@ai-sdk/mcp/mcp-stdio';
declare module '@langchain/mcp-adapters';
declare module '@mastra/mcp';
declare module 'mcporter';
