import { basename } from 'node:path';

import type { ConversionResult } from './convert.js';
import type { AdapterConversionResult } from './lora/index.js';
import type { TensorOrigin } from './plan.js';
import { formatBytes } from './progress.js';

/** What was written, in one line. */
export function describeFile(result: ConversionResult): string {
  const { outfile, outtype, architecture, tensors, bytes } = result;
  const aligned = result.addedRows === 0 ? '' : `, vocabulary aligned by ${result.addedRows} rows`;
  return `${outfile}: ${architecture}, ${outtype}, ${tensors.length} tensors, ${formatBytes(bytes)}${aligned}\n`;
}

/** What would be written, tensor by tensor. */
export function describePlan(result: ConversionResult): string {
  const { outfile, outtype, architecture, tensors, parameters } = result;
  const lines = tensors.map(
    ({ name, type, dimensions, origin }) =>
      `  ${name}  ${type}  [${dimensions.join(', ')}]  ${describeOrigin(origin)}`,
  );
  const total = `${architecture}, ${tensors.length} tensors, ${parameters} parameters`;
  return `${lines.join('\n')}\n${total}\nwould write ${basename(outfile)} as ${outtype}\n`;
}

function describeOrigin(origin: TensorOrigin): string {
  if (origin.kind === 'generated') return 'computed';
  const { tensor, transform } = origin;
  return `from ${tensor.name} (${tensor.dtype}${transform === undefined ? '' : `, ${transform.kind}`})`;
}

/** What became, or would become, of an adapter alone. */
export function describeAdapter(result: AdapterConversionResult, dryRun: boolean): string {
  const { outfile, outtype, architecture, tensors, bytes } = result;
  if (!dryRun)
    return `${outfile}: adapter for ${architecture}, ${outtype}, ${tensors.length} tensors, ${formatBytes(bytes)}\n`;
  const lines = tensors.map(
    ({ name, type, dimensions, tensor }) =>
      `  ${name}  ${type}  [${dimensions.join(', ')}]  from ${tensor.name} (${tensor.dtype})\n`,
  );
  return `${lines.join('')}would write ${basename(outfile)} as ${outtype}\n`;
}
