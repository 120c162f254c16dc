// Servers may ask back: the user, by a form, and the model, by a prompt. One handler of each serves them all.
import { SessionGroup } from 'mcp-plenum';

const group = await SessionGroup.connect({
  servers: {
    everything: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything'] },
  },

  // The context says who asks. A real program shows the message, and a form made of `params.requestedSchema`.
  onElicitation(context, params) {
    console.log(`${context.server} asks the user: ${params.message}`);
    return { action: 'accept', content: { name: 'Ada Lovelace' } };
  },

  // A real program asks its model here, and stops when `context.signal` says that the server gave up.
  onSampling(context, params) {
    console.log(`${context.server} asks the model: ${params.messages[0].content.text}`);
    return { role: 'assistant', model: 'none', content: { type: 'text', text: 'The answer is 42.' } };
  },
});

const form = await group.callTool('everything__trigger-elicitation-request');
console.log(form.content[1].text);

const sampled = await group.callTool('everything__trigger-sampling-request', { prompt: 'What is 6 by 7?' });
console.log(sampled.content[0].text);

await group.close();
