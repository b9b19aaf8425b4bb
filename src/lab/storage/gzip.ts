async function through(bytes: BlobPart, stream: GenericTransformStream): Promise<ArrayBuffer> {
  return new Response(new Blob([bytes]).stream().pipeThrough(stream as ReadableWritablePair)).arrayBuffer();
}

/** Compresses anything that JSON can hold, off the page's thread. */
export async function pack(value: unknown): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await through(JSON.stringify(value), new CompressionStream('gzip')));
}

/** Reads what {@link pack} wrote. */
export async function unpack<T>(bytes: Uint8Array<ArrayBuffer>): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await through(bytes, new DecompressionStream('gzip')))) as T;
}
