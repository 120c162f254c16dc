/**
 * Stands in for a model, so that the examples run without one: it has the face of `new OpenAI()` and says, turn by turn,
 * what its script says. A turn is a text, an array of calls, or a function of the latest results that gives either.
 */
export function scriptedModel(...turns) {
  let nextId = 1;
  const create = async ({ messages, tools = [] }) => {
    const turn = turns.shift();
    const said = typeof turn === 'function' ? turn(latestResults(messages)) : turn;
    if (typeof said === 'string') return answer({ role: 'assistant', content: said });
    // A model can only call what it is shown.
    const shown = new Set(tools.map((tool) => tool.function.name));
    for (const [name] of said) if (!shown.has(name)) throw new Error(`The model was not shown "${name}".`);
    const calls = said.map(([name, args]) => ({
      id: `call_${nextId++}`,
      type: 'function',
      function: { name, arguments: JSON.stringify(args) },
    }));
    return answer({ role: 'assistant', content: null, tool_calls: calls });
  };
  return { chat: { completions: { create } } };
}

function answer(message) {
  return { choices: [{ index: 0, message, finish_reason: message.tool_calls ? 'tool_calls' : 'stop' }] };
}

function latestResults(messages) {
  const asked = messages.findLastIndex(({ role }) => role === 'assistant');
  return messages.slice(asked + 1).map(({ content }) => content);
}
