/** The WebGPU device is gone: work under way is lost, and `startDevice` gives a new one. */
export class DeviceLostError extends Error {
  override name = 'DeviceLostError';

  constructor(reason: string) {
    super(`WebGPU: the device was lost (${reason}); resume from the last checkpoint on a new one`);
  }
}
