/** The image's health check: asks this container's own /health. There is no shell and no curl in the image. */
const port = process.env.EARSHOT_PORT ?? '8787';
const response = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(2_000) }).catch(
  () => null,
);
process.exitCode = response?.ok === true ? 0 : 1;
