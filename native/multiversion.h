// One build serves every x86-64 machine: GCC compiles functions marked GLOSSA_MULTIVERSION for several
// instruction sets and picks one at load time. Elsewhere the baseline (NEON on arm64) is what there is.
#pragma once

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define GLOSSA_MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define GLOSSA_MULTIVERSION
#endif
