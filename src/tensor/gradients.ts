// tfjs-core alone knows no gradients; the union package that registers them brings layers, data and WebGL along.
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
