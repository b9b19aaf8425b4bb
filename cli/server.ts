import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { UserError } from './errors.ts';
import { CONTENT_SECURITY_POLICY, ISOLATION_HEADERS } from './isolation.ts';

const HOST = '127.0.0.1';

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.md': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** The built page, being served. */
export interface Site {
  url: string;
  close(): Promise<void>;
}

/** Reads a directory whole, so that a later build cannot change what this server serves. */
function readTree(directory: string, prefix = '/'): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const name of readdirSync(directory)) {
    const place = path.join(directory, name);
    if (statSync(place).isDirectory()) {
      for (const [at, bytes] of readTree(place, `${prefix}${name}/`)) files.set(at, bytes);
    } else files.set(prefix + name, readFileSync(place));
  }
  return files;
}

function answer(
  files: Map<string, Buffer>,
  headers: Record<string, string>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { pathname } = new URL(request.url ?? '/', `http://${HOST}`);
  const name = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
  const bytes = files.get(name);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { Allow: 'GET, HEAD' }).end();
  } else if (!bytes) {
    response.writeHead(404, { 'Content-Type': 'text/plain' }).end(`not found: ${pathname}\n`);
  } else {
    response.writeHead(200, {
      ...headers,
      'Content-Type': TYPES[path.extname(name)] ?? 'application/octet-stream',
      'Content-Length': bytes.length,
      'Cache-Control': 'no-cache',
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE';
      const remedy = `choose another, as in \`npm start -- --port ${port + 1}\``;
      reject(
        new UserError(
          inUse ? `port ${port} is in use: ${remedy}` : `port ${port}: ${error.message}; ${remedy}`,
        ),
      );
    });
    server.listen(port, HOST, resolve);
  });
}

const PAGE_HEADERS = { ...ISOLATION_HEADERS, 'Content-Security-Policy': CONTENT_SECURITY_POLICY };

/**
 * Serves a built page to this machine alone.
 * @param port 0 takes any free one
 * @param headers of every file, beside its type
 */
export async function serveSite(
  directory: string,
  port = 0,
  headers = PAGE_HEADERS as Record<string, string>,
): Promise<Site> {
  const files = readTree(directory);
  const server = createServer((request, response) => answer(files, headers, request, response));
  await listen(server, port);
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
