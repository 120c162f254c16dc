/** OpenAI has no field for a tool's failure: its texts say so, which is how its models expect it. */
export function failureTexts(texts: readonly string[]): readonly string[] {
  const [first = '', ...more] = texts;
  if (first.startsWith('Error: ')) return texts;
  return [`Error: ${first.trim() === '' ? 'the tool failed and gave no reason.' : first}`, ...more];
}
