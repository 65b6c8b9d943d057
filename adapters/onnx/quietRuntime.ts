/**
 * From 1.29 on onnxruntime's own builds send to its makers which models run and how, and keep an identifier of the machine in the home
 * folder. The one way to stop all of it is this variable, read when the runtime starts: so this is imported before it, on the main
 * thread, for what a worker sets of its environment stays within that worker.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
