/** Who takes part: which packages are loaded to make it work, and which version of it this is. */
export const CONTESTANTS = [
  { name: 'raw', title: 'raw', packages: ['undici'] },
  {
    name: 'official',
    title: 'official',
    packages: ['@modelcontextprotocol/client', '@modelcontextprotocol/client/stdio'],
  },
  { name: 'plenum', title: 'Plenum', packages: ['../../../dist/index.js'] },
  { name: 'ai-sdk', title: 'AI SDK', packages: ['@ai-sdk/mcp', '@ai-sdk/mcp/mcp-stdio'], peer: true },
  { name: 'mcporter', title: 'mcporter', packages: ['mcporter'], peer: true },
  { name: 'langchain', title: 'LangChain', packages: ['@langchain/mcp-adapters'], peer: true },
  { name: 'mastra', title: 'Mastra', packages: ['@mastra/mcp'], peer: true },
];
