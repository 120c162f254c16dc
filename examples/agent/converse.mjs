/**
 * The loop of an agent: ask the model, carry out what it calls, and ask again until it only speaks. `openai` is a client of
 * the `openai` package, or whatever has its face; `toolkit` an `openaiToolkit`.
 */
export async function converse(openai, toolkit, question) {
  const messages = [{ role: 'user', content: question }];
  console.log(`User: ${question}`);
  for (;;) {
    const turn = toolkit.snapshot();
    const { choices } = await openai.chat.completions.create({ model: 'any', messages, tools: turn.tools });
    const { message } = choices[0];
    messages.push(message);
    if (!message.tool_calls) {
      console.log(`Model: ${message.content}`);
      return;
    }
    for (const call of message.tool_calls)
      console.log(`  → ${call.function.name} ${call.function.arguments}`);
    const handled = await turn.handleToolCalls(message);
    for (const { content } of handled.messages) console.log(`  ← ${content}`);
    messages.push(...handled.messages);
  }
}
