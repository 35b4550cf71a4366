import type { Folder } from './cell.ts';

/** First and last minor of each line in `engines`, and those in which hooks of `require` once failed. */
export const NODE_VERSIONS = [
  '22.15.0',
  '22.16.0',
  '22.23.3',
  '23.11.1',
  '24.0.0',
  '24.4.0',
  '24.8.0',
  '24.11.0',
  '24.21.0',
  '25.0.0',
  '25.9.0',
  '26.0.0',
  '26.10.0',
] as const;

/** Older than `engines` allows. */
export const OLD_NODE_VERSIONS = ['20.20.2', '22.14.0'] as const;

/** The npm package `node` is a script that installs one of these. */
const BINARY = `${process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node'}-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;

export const nodePackage = (version: string): string => `node-${version}`;

export const NODE_FOLDER: Folder = {
  name: 'nodes',
  tidegate: false,
  packages: Object.fromEntries(
    [...NODE_VERSIONS, ...OLD_NODE_VERSIONS].map((version) => [nodePackage(version), `npm:${BINARY}@${version}`]),
  ),
};
