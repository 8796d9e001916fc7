#include "CVips.h"

#include <pthread.h>
#include <string.h>
#include <vips/vips.h>

static const int jpeg_quality = 80;
static const int webp_quality = 75;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_started;

static void ignore_message(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {}

// Not at the start of the process: the library costs 20 MB, and most processes make no picture.
static void start(void) {
    is_started = vips_init("apus") == 0;
    if (!is_started) return;
    // Every picture is another one: a cache of operations would only hold memory.
    vips_cache_set_max(0);
    // Threads are the caller's matter.
    vips_concurrency_set(1);
    vips_block_untrusted_set(TRUE);
    // Strangers' pictures must not write into the server's log.
    g_log_set_handler("VIPS", G_LOG_LEVEL_MASK, ignore_message, NULL);
}

static const char *loader(enum cvips_format format) {
    switch (format) {
    case CVIPS_JPEG: return "VipsForeignLoadJpeg";
    case CVIPS_PNG: return "VipsForeignLoadPng";
    case CVIPS_GIF: return "VipsForeignLoadNsgif";
    case CVIPS_WEBP: return "VipsForeignLoadWebp";
    case CVIPS_HEIF: return "VipsForeignLoadHeif";
    }
    return NULL;
}

// The file, if the library would read it with the loader of the format; else NULL.
static VipsSource *open_source(const char *path, enum cvips_format format) {
    VipsSource *source = vips_source_new_from_file(path);
    if (source == NULL) return NULL;
    const char *found = vips_foreign_find_load_source(source);
    const char *wanted = loader(format);
    if (found != NULL && wanted != NULL && strncmp(found, wanted, strlen(wanted)) == 0) return source;
    g_object_unref(source);
    return NULL;
}

static bool inspect(VipsSource *source, struct cvips_facts *facts) {
    VipsImage *image = vips_image_new_from_source(source, "", "access", VIPS_ACCESS_SEQUENTIAL, NULL);
    if (image == NULL) return false;
    bool is_turned = vips_image_get_orientation_swap(image);
    facts->width = is_turned ? image->Ysize : image->Xsize;
    facts->height = is_turned ? image->Xsize : image->Ysize;
    facts->pages = vips_image_get_n_pages(image);
    facts->bytes_per_pixel = (int32_t)VIPS_IMAGE_SIZEOF_PEL(image);
    g_object_unref(image);
    return true;
}

enum cvips_outcome cvips_inspect(const char *path, enum cvips_format format, struct cvips_facts *facts) {
    pthread_once(&once, start);
    if (!is_started) return CVIPS_UNAVAILABLE;
    VipsSource *source = open_source(path, format);
    bool is_good = source != NULL && inspect(source, facts);
    if (source != NULL) g_object_unref(source);
    // The buffer of errors is one for all threads and only grows.
    vips_error_clear();
    return is_good ? CVIPS_DONE : CVIPS_NOT_A_PICTURE;
}

// Whether every point of the picture hides what is behind it. Pictures of screens often have an alpha channel for nothing.
static bool is_opaque(VipsImage *image) {
    if (!vips_image_hasalpha(image)) return true;
    if (image->BandFmt != VIPS_FORMAT_UCHAR) return false;
    VipsImage *alpha = NULL;
    double least = 0;
    if (vips_extract_band(image, &alpha, image->Bands - 1, NULL) != 0) return false;
    bool is_read = vips_min(alpha, &least, NULL) == 0;
    g_object_unref(alpha);
    return is_read && least >= 255;
}

// Where and by whom a picture was taken is nobody's business. The savers' own `strip` is not enough: animations keep it.
static void remove_metadata(VipsImage *image) {
    static const char *const kept[] = {"page-height", "n-pages", "delay", "loop"};
    gchar **names = vips_image_get_fields(image);
    for (gchar **name = names; name != NULL && *name != NULL; name++) {
        bool is_kept = false;
        for (size_t index = 0; index < sizeof kept / sizeof *kept; index++) {
            is_kept = is_kept || strcmp(*name, kept[index]) == 0;
        }
        if (!is_kept) vips_image_remove(image, *name);
    }
    g_strfreev(names);
}

static bool save(VipsImage *image, const struct cvips_request *request, struct cvips_output *output) {
    if (vips_image_get_n_pages(image) > 1 && request->animated) {
        output->format = CVIPS_OUTPUT_WEBP;
        return vips_webpsave_buffer(
                   image, &output->bytes, &output->length, "Q", webp_quality, "strip", TRUE, NULL) == 0;
    }
    if (request->lossless || !is_opaque(image)) {
        output->format = CVIPS_OUTPUT_PNG;
        return vips_pngsave_buffer(image, &output->bytes, &output->length, "strip", TRUE, NULL) == 0;
    }
    output->format = CVIPS_OUTPUT_JPEG;
    // An alpha channel that says nothing is laid on black, and so goes.
    return vips_jpegsave_buffer(
               image, &output->bytes, &output->length, "Q", jpeg_quality, "strip", TRUE, "optimize_coding", TRUE,
               NULL) == 0;
}

// Whether the colours mean something else than they do by default. Only then are they converted: the conversion of a
// picture without a profile would not leave them as they are.
static bool has_profile(VipsSource *source) {
    VipsImage *image = vips_image_new_from_source(source, "", "access", VIPS_ACCESS_SEQUENTIAL, NULL);
    if (image == NULL) return false;
    bool has_one = vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0;
    g_object_unref(image);
    return has_one;
}

static bool make(VipsSource *source, const struct cvips_request *request, struct cvips_output *output) {
    VipsImage *small = NULL;
    VipsInteresting crop = request->crop ? VIPS_INTERESTING_CENTRE : VIPS_INTERESTING_NONE;
    const char *pages = request->animated ? "n=-1" : "";
    int failed;
    if (has_profile(source)) {
        failed = vips_thumbnail_source(
            source, &small, request->width, "height", request->height, "size", VIPS_SIZE_DOWN, "crop", crop,
            "option_string", pages, "export_profile", "srgb", NULL);
    } else {
        failed = vips_thumbnail_source(
            source, &small, request->width, "height", request->height, "size", VIPS_SIZE_DOWN, "crop", crop,
            "option_string", pages, NULL);
    }
    if (failed) return false;
    // Decoded once: what follows reads it twice, and sources are read in order.
    VipsImage *decoded = vips_image_copy_memory(small);
    g_object_unref(small);
    if (decoded == NULL) return false;
    remove_metadata(decoded);
    bool is_saved = save(decoded, request, output);
    g_object_unref(decoded);
    return is_saved;
}

enum cvips_outcome cvips_thumbnail(const struct cvips_request *request, struct cvips_output *output) {
    pthread_once(&once, start);
    if (!is_started) return CVIPS_UNAVAILABLE;
    *output = (struct cvips_output){0};
    VipsSource *source = open_source(request->path, request->format);
    bool is_made = source != NULL && make(source, request, output);
    if (source != NULL) g_object_unref(source);
    vips_error_clear();
    return is_made ? CVIPS_DONE : CVIPS_NOT_A_PICTURE;
}

void cvips_release(void *bytes) {
    g_free(bytes);
}
