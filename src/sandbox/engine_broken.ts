/** Thrown when the engine gives another answer than at its start; a new one is needed, such as a pool makes. */
export class EngineBroken extends Error {
  override name = 'EngineBroken';
}
