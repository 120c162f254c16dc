// Loaded before a program that is measured: tells its parent what the process has used so far.
process.on('message', () => {
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: user + system, memory: process.memoryUsage() });
});
process.channel?.unref();
// Nothing outlives the run.
process.once('disconnect', () => process.exit());
