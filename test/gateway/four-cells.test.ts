import { describe, expect, it } from 'vitest';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createGateway } from '../../src/gateway/index.ts';
import { stdioSpec } from '../../src/testing/index.ts';

const eras = ['legacy', 'modern'] as const;
const form = {
  mode: 'form',
  message: 'Who are you?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
};

for (const upstream of eras)
  for (const era of eras)
    describe(`F a ${era} client and a ${upstream} server`, () => {
      it('a tool that elicits, samples and asks for roots gets the answers of the client that called it', async () => {
        await using gateway = await createGateway({
          servers: {
            asking: stdioSpec({
              era: upstream,
              tools: [
                { name: 'elicit', does: { type: 'elicit', params: form } },
                {
                  name: 'sample',
                  does: {
                    type: 'sample',
                    params: {
                      messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }],
                      maxTokens: 5,
                    },
                  },
                },
                { name: 'roots', does: { type: 'roots' } },
                { name: 'echo' },
              ],
            }),
          },
        });
        const { url } = await gateway.listen({ port: 0 });
        const names = ['ada', 'bob'];
        const clients = await Promise.all(
          names.map(async (name) => {
            const client = new Client(
              { name, version: '1' },
              {
                capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} },
                versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' },
              },
            );
            client.setRequestHandler('elicitation/create', async () => ({
              action: 'accept',
              content: { name },
            }));
            client.setRequestHandler('sampling/createMessage', async () => ({
              role: 'assistant',
              model: name,
              content: { type: 'text', text: name },
            }));
            client.setRequestHandler('roots/list', async () => ({ roots: [{ uri: `file:///${name}` }] }));
            await client.connect(new StreamableHTTPClientTransport(new URL(url)));
            return client;
          }),
        );
        for (const client of clients) {
          const { tools } = await client.listTools();
          expect(tools.map((tool) => tool.name)).toContain('asking__echo');
        }
        for (const tool of ['elicit', 'sample', 'roots', 'echo'])
          await Promise.all(
            clients.map(async (client, at) => {
              const result = await client.callTool({
                name: `asking__${tool}`,
                arguments: tool === 'echo' ? { name: names[at] } : {},
              });
              expect(JSON.stringify(result), tool).toContain(names[at]);
              expect(JSON.stringify(result), tool).not.toContain(names[1 - at]);
            }),
          );
        await Promise.all(clients.map((client) => client.close()));
      });
    });
