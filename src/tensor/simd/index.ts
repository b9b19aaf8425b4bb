// SIMD kernels that work in place on the memory of tfjs-backend-wasm.
// All arguments are byte offsets into that memory, or counts; every tensor is float32, row-major.
// No static data: the memory belongs to somebody else.
export { matmul, transpose } from './matmul';
export { rmsNorm, rmsNormGrad } from './rms_norm';
export { swiglu, swigluGrad } from './swiglu';
export { copyRows, gatherRows, scatterAddRows } from './rows';
export { attention, attentionGrad, decodeAttention } from './attention';
export { logProbs, logProbsGrad, sampleRows } from './log_probs';
export { adamw, sumOfSquares } from './adamw';
