// The file .env: variables for development and small installations. A strict reading: what is not clearly a variable is
// an error, since a line that is silently skipped is a setting that silently does not hold.
//
//   # a comment
//   KEY=value                 up to the end of the line, or to a "#" behind a space; spaces around it are cut
//   export KEY="a\tvalue"     in double quotes \n \r \t \" \\ \$ and \' stand for one character each
//   KEY='as it is'            in single quotes nothing is replaced
//
// "$NAME" is not replaced by another variable's value, and a value does not go over several lines.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bookings {

struct dotenv {
  std::map<std::string, std::string> values;
  std::vector<std::string> errors;  // ".env:3: …", one for each bad line; they repeat no value
};

// Reads the text of a file; `file_name` is for the errors.
dotenv parse_dotenv(std::string_view text, std::string_view file_name);

// Reads a file. No file: no values and no error. One that is there and cannot be read is an error.
dotenv read_dotenv(const std::filesystem::path& file);

}  // namespace bookings
