/* An auditor of glibc's loader, see rtld-audit(7): the loader does not find the library that WIRE_HIDE names. */
#define _GNU_SOURCE
#include <link.h>
#include <stdlib.h>
#include <string.h>

unsigned int la_version(unsigned int offered) {
    return offered < LAV_CURRENT ? offered : LAV_CURRENT;
}

char *la_objsearch(const char *path, uintptr_t *unused, unsigned int origin) {
    const char *hidden = getenv("WIRE_HIDE");
    const char *name = strrchr(path, '/');
    (void)unused;
    /* A name as it was asked for must pass: the loader's message quotes it. Only the places that are tried are refused. */
    if (hidden && name && origin != LA_SER_ORIG && strcmp(name + 1, hidden) == 0) {
        return NULL;
    }
    return (char *)path;
}
