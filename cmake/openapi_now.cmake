# Run by add_openapi at build time: FILES, comma-separated, into OUTPUT, each plain and with gzip. The assembler takes them in
# from copies beside OUTPUT: a megabyte as a C++ array takes a compiler long.
cmake_minimum_required(VERSION 3.25)
string(REPLACE "," ";" files "${FILES}")
get_filename_component(folder ${OUTPUT} DIRECTORY)
set(folder ${folder}/openapi)
file(MAKE_DIRECTORY ${folder})
set(labels "")
set(rows "")
foreach(file ${files})
  get_filename_component(name ${file} NAME)
  string(REPLACE "-min.js" ".js" name ${name})
  string(MAKE_C_IDENTIFIER ${name} label)
  get_filename_component(extension ${name} LAST_EXT)
  if(extension STREQUAL ".json")
    # Without the line breaks and indentation: there are none within its strings.
    set(type "application/json")
    file(READ ${file} text)
    string(REGEX REPLACE "\n *" "" text "${text}")
    file(WRITE ${folder}/${name} "${text}")
  else()
    configure_file(${file} ${folder}/${name} COPYONLY)
    if(extension STREQUAL ".html")
      set(type "text/html; charset=utf-8")
    elseif(extension STREQUAL ".css")
      set(type "text/css; charset=utf-8")
    else()
      set(type "text/javascript; charset=utf-8")
    endif()
  endif()
  execute_process(COMMAND gzip -9nc ${folder}/${name} OUTPUT_FILE ${folder}/${name}.gz COMMAND_ERROR_IS_FATAL ANY)
  file(SHA256 ${folder}/${name} tag)
  string(SUBSTRING ${tag} 0 16 tag)
  string(APPEND labels "BOOKINGS_EMBED(${label}, \"${folder}/${name}\")\nBOOKINGS_EMBED(${label}_gzip, \"${folder}/${name}.gz\")\n")
  string(APPEND rows "    {\"${name}\", \"${type}\", text(${label}_begin, ${label}_end), text(${label}_gzip_begin, ${label}_gzip_end), \"${tag}\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Generated from api/ and web-docs/: change the files there.
#include \"server/ops/openapi_files.hpp\"

#define BOOKINGS_EMBED(label, file)                                                                \\
  __asm__(\".section .rodata\\n.global bookings_embedded_\" #label \"\\n.hidden bookings_embedded_\" #label \"\\n\" \\
          \"bookings_embedded_\" #label \":\\n.incbin \\\"\" file \"\\\"\\n.global bookings_embedded_\" #label \"_end\\n\" \\
          \".hidden bookings_embedded_\" #label \"_end\\nbookings_embedded_\" #label \"_end:\\n.byte 0\\n.previous\\n\"); \\
  extern \"C\" __attribute__((visibility(\"hidden\"))) const char label##_begin[] __asm__(\"bookings_embedded_\" #label); \\
  extern \"C\" __attribute__((visibility(\"hidden\"))) const char label##_end[] __asm__(\"bookings_embedded_\" #label \"_end\");

${labels}
namespace bookings::ops {
namespace {

std::string_view text(const char* begin, const char* end) noexcept {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::span<const openapi_file> openapi_files() noexcept {
  static const openapi_file files[] = {
${rows}  };
  return files;
}

}  // namespace bookings::ops
")
