/** How a login looks from the browser. */
export type LoginOutcome = 'signed-in' | 'failed' | 'unknown';

const TEXTS: Readonly<Record<LoginOutcome, readonly [title: string, text: string]>> = {
  'signed-in': ['Signed in', 'You can close this page and go back to the program.'],
  failed: ['Not signed in', 'You can close this page; the program says why.'],
  unknown: [
    'Nothing to do here',
    'No login is waiting for this page. It may have been completed or given up.',
  ],
};

/** The page that the browser shows at the end; nothing on it comes from outside. */
export function resultPage(outcome: LoginOutcome): string {
  const [title, text] = TEXTS[outcome];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
  :root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif; }
  body { display: grid; place-content: center; min-height: 90vh; margin: 1rem; text-align: center; }
  h1 { font-size: 1.6rem; margin: 0; }
</style>
<main>
  <h1>${title}</h1>
  <p>${text}</p>
</main>
`;
}
