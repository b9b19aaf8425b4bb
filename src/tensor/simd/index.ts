// SIMD kernels that work in place on the memory of tfjs-backend-wasm.
// All arguments are byte offsets into that memory, or counts; every tensor is float32, row-major.
// A kernel that threads may share computes items [first, last) of its work (rows, heads, panels); what it computes
// for an item does not depend on the division. No static data: the memory belongs to somebody else.
export { setThread } from './thread';
export { matmul, packPanels } from './matmul';
export { rmsNorm, rmsNormGrad, rmsNormGainGrad } from './rms_norm';
export { swiglu, swigluGrad } from './swiglu';
export { gatherRows, scatterAddRows } from './rows';
export { attention, attentionGrad } from './attention';
export { decodeRows } from './decode';
export { logProbs, logProbsGrad, sampleRows } from './log_probs';
export { adamw, sumOfSquares } from './adamw';
