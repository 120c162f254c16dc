/**
 * Shows a URL in the user's browser: one argument of a fixed program, never a part of a command line. Rejects when
 * there is no such program.
 */
export async function openBrowser(url: URL): Promise<void> {
  const { default: open } = await import('open');
  const opener = await open(url.href);
  // What becomes of it shows by whether anybody signs in.
  opener.on('error', () => {});
}
