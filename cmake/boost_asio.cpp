// Of Boost, what is compiled rather than included, once for the whole project and a file for each library: whoever links
// with libreprise.a and compiles one of them for itself uses its own, and not both.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
