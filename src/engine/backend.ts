import { readdirSync } from 'node:fs';
import path from 'node:path';

import { GlossaError } from '../errors.js';
import type { Addon, NativeDevice } from './addon.js';
import type { EngineOptions } from './engine.js';

type GpuChoice = EngineOptions['gpu'];
type GpuBackend = Exclude<GpuChoice, 'auto' | 'off'>;

/** A set of prebuilt llama.cpp libraries: one of node-llama-cpp's platform packages. */
interface LibraryPackage {
  readonly backend: 'cpu' | GpuBackend;
  readonly name: string;
}

export interface OpenedBackend {
  readonly backend: string;
  readonly devices: readonly NativeDevice[];
}

const architectures: Readonly<Record<string, string>> = { arm: 'armv7l' };

/** node-llama-cpp's packages for a platform, in the order in which `--gpu auto` prefers them. */
export function libraryPackages(
  platform: string = process.platform,
  arch: string = process.arch,
): LibraryPackage[] {
  const system = { linux: 'linux', darwin: 'mac', win32: 'win' }[platform];
  const base = `@node-llama-cpp/${system ?? platform}-${architectures[arch] ?? arch}`;
  if (platform === 'darwin') {
    return arch === 'arm64'
      ? [{ backend: 'metal', name: `${base}-metal` }]
      : [{ backend: 'cpu', name: base }];
  }
  return [
    { backend: 'cuda', name: `${base}-cuda` },
    { backend: 'vulkan', name: `${base}-vulkan` },
    { backend: 'cpu', name: base },
  ];
}

interface BinariesModule {
  getBinsDir(): { readonly binsDir: string };
}

/** The folder that holds a package's libraries; null if the package is not installed. */
async function libraryFolder(name: string): Promise<string | null> {
  try {
    const { binsDir } = ((await import(name)) as BinariesModule).getBinsDir();
    const [build] = readdirSync(binsDir);
    return build === undefined ? null : path.join(binsDir, build);
  } catch {
    return null;
  }
}

/** Why a GPU package can't be used on this machine; null if it can. */
function obstacle(addon: Addon, backend: 'cpu' | GpuBackend, folder: string): string | null {
  if (backend === 'cpu') return null;
  const library = readdirSync(folder).find((file) => /^(lib)?ggml-(cuda|vulkan|metal)\./.test(file));
  if (library === undefined) return `the package holds no ${backend} library`;
  return addon.whyNotOpenable(path.join(folder, library));
}

function candidates(gpu: GpuChoice): LibraryPackage[] {
  const packages = libraryPackages();
  if (gpu === 'auto') return packages;
  // Metal's package is the only one for Apple silicon; "off" then keeps all layers on the CPU.
  if (gpu === 'off') return packages.filter(({ backend }) => backend === 'cpu' || backend === 'metal');
  return packages.filter(({ backend }) => backend === gpu);
}

/**
 * Opens the llama.cpp libraries that fit the choice of GPU; of the CPU variants in them, ggml takes the best for this
 * machine. Once per process.
 *
 * @throws GlossaError NATIVE_UNAVAILABLE saying what was tried and why each did not do
 */
export async function openBackend(addon: Addon, gpu: GpuChoice): Promise<OpenedBackend> {
  const tried: string[] = [];
  for (const { backend, name } of candidates(gpu)) {
    const folder = await libraryFolder(name);
    const reason = folder === null ? 'not installed' : obstacle(addon, backend, folder);
    if (folder === null || reason !== null) {
      tried.push(`${name}: ${reason ?? 'not installed'}`);
      continue;
    }
    const { devices } = addon.openBackend(folder);
    const hasGpu = devices.some(({ type }) => type === 'gpu' || type === 'igpu');
    if (!hasGpu && gpu !== 'auto' && gpu !== 'off') {
      throw new GlossaError('NATIVE_UNAVAILABLE', `gpu: the ${backend} libraries found no device`);
    }
    return { backend: hasGpu && gpu !== 'off' ? backend : 'cpu', devices };
  }
  const what =
    gpu === 'auto' || gpu === 'off' ? 'llama.cpp has no prebuilt libraries' : `gpu: ${gpu} is not available`;
  throw new GlossaError('NATIVE_UNAVAILABLE', `${what} here`, {
    cause: new Error(tried.join('; ') || 'no package'),
  });
}
